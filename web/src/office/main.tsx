import { render } from "preact";
import "../design/tokens.css";
import "../design/components.css";
import "../design/screens.css";
import "./office.css";
import { addCatalogue, preferredLanguage, useLanguage } from "../lib/i18n";
import { keptTheme, useTheme } from "../lib/theme";
import { watchIdleness } from "./idle";
import { OfficeApp } from "./office-app";
import { resume } from "./session";

addCatalogue({
  fr: () => import("../../../messages/office/fr.ftl?raw"),
  en: () => import("../../../messages/office/en.ftl?raw"),
});
useTheme(keptTheme());
await useLanguage(preferredLanguage());
render(<OfficeApp />, document.getElementById("app")!);
watchIdleness();
await resume();
