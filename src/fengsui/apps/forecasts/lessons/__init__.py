"""What was learned of each gauge as people see it and steer it: listed, asked for anew, withdrawn where it loses."""
