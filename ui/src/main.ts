import "./styles/fonts.css";
import "./styles/tokens.css";
import "./styles/base.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { connectBackend } from "./lib/backend";
import { isWebKitGtk, windowFrame } from "./lib/platform";
import { app } from "./lib/state/app.svelte";
import { applyRememberedLook } from "./lib/theme";

applyRememberedLook();
document.documentElement.dataset.window = windowFrame();
if (isWebKitGtk()) document.documentElement.dataset.engine = "webkitgtk";

const target = document.getElementById("app");
if (!target) throw new Error("the page has no element for the app");
mount(App, { target });

connectBackend().then(
  (backend) => app.start(backend),
  (error) => app.fail(error),
);
