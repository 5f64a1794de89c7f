import { render } from "preact";
import "../design/tokens.css";
import "../design/components.css";
import "../design/screens.css";
import "./driver.css";
import { preferredLanguage, useLanguage } from "../lib/i18n";
import { DriverApp } from "./driver-app";
import { begin } from "./driver-state";
import { watchPower } from "./power";
import { keepShell } from "./shell-worker";

await useLanguage(preferredLanguage());
watchPower();
render(<DriverApp />, document.getElementById("app")!);
keepShell();
await begin();
