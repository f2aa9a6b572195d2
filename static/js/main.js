// What each page has is found by its attributes; a page without it is left as it is.
import { followCurl } from "./curl.js";
import { followJobs } from "./jobs.js";
import { makeComparable, makeSortable } from "./tables.js";
import { takeScoring, takeUpload } from "./files.js";
import { takeForm } from "./forms.js";
import { followDependence, showPictures } from "./inspections.js";
import { send } from "./api.js";

const every = (selector, take) => document.querySelectorAll(selector).forEach(take);

every("form[data-send]", takeForm);
every("form[data-upload]", takeUpload);
every("form[data-score]", takeScoring);
every("form:has(.curl)", followCurl);
every("table[data-sortable]", makeSortable);
every("table[data-compare]", makeComparable);
every("[data-jobs]", followJobs);
every("[data-pictures]", showPictures);
every("form[data-dependence]", followDependence);
every("[data-sign-out]", (button) =>
  button.addEventListener("click", async () => {
    await send("POST", "/logout");
    location.assign("/login");
  }),
);
