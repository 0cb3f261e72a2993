// Every page: styles, htmx, ticking clocks, the live stream, keys, themes, tabs. Works without it; nothing below is the only way.

import "./css/all.css";
import "htmx.org";
import { startActs } from "./acts";
import { startAlarm } from "./alarm";
import { startClocks } from "./clocks";
import { startDrafts } from "./forms/drafts";
import { startMoments } from "./forms/moment";
import { startSending } from "./forms/send";
import { startGeo } from "./geo";
import { startKept } from "./kept";
import { startKeys } from "./keys";
import { startLive } from "./live";
import { startPaper } from "./paper";
import { startPalette } from "./palette";
import { startQueue, takes } from "./queue/page";
import { startRequests } from "./requests";
import { startTabs } from "./tabs";
import { startTerms } from "./terms";
import { startTheme } from "./theme";

startTheme();
startRequests();
startClocks();
startTabs();
startSending(takes);
startDrafts();
startMoments();
startActs();
startPalette();
startKeys();
startGeo();
startLive();
startTerms();
startPaper();
startAlarm();
startQueue();
startKept();
