"""`./fengsui replay`: measured sets played whole through a platform of their own, and judged by what the sets say."""
