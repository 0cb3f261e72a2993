// Every page: styles, htmx, ticking clocks, the live stream, keys, themes, tabs. Works without it; nothing below is the only way.

import "./css/all.css";
import "htmx.org";
import { startActs } from "./acts";
import { startClocks } from "./clocks";
import { startKeys } from "./keys";
import { startLive } from "./live";
import { startPaper } from "./paper";
import { startPalette } from "./palette";
import { startRequests } from "./requests";
import { startTabs } from "./tabs";
import { startTerms } from "./terms";
import { startTheme } from "./theme";

startTheme();
startRequests();
startClocks();
startTabs();
startActs();
startPalette();
startKeys();
startLive();
startTerms();
startPaper();
