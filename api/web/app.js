// What scripts add to pages that work without them.
import { createAll, Button, ErrorSummary, SkipLink } from "nhsuk-frontend";
import { followJob } from "./job.js";
import { followService } from "./service.js";
import { linkMap } from "./map.js";
import { makeSortable } from "./tables.js";

document.body.classList.add("js-enabled", "nhsuk-frontend-supported");
for (const component of [SkipLink, ErrorSummary, Button]) createAll(component);

document.querySelectorAll("table[data-sortable]").forEach(makeSortable);
linkMap(document);

const job = document.querySelector("[data-job]");
if (job) followJob(job);
const service = document.querySelector("[data-service]");
if (service) followService(service);
