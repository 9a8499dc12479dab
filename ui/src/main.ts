import "./styles/fonts.css";
import "./styles/tokens.css";
import "./styles/base.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { connectBackend } from "./lib/backend/connect";
import { speakRemembered } from "./lib/i18n";
import { isWebKitGtk, windowFrame } from "./lib/platform";
import { app } from "./lib/state/app.svelte";
import { applyRememberedLook } from "./lib/theme";

applyRememberedLook();
// Until it is loaded nothing is drawn; the settings may still say another language.
speakRemembered().catch(() => undefined);
document.documentElement.dataset.window = windowFrame();
if (isWebKitGtk()) document.documentElement.dataset.engine = "webkitgtk";

const target = document.getElementById("app");
if (!target) throw new Error("the page has no element for the app");

// Asked for before anything is drawn: a face that comes after the first text has WebKit look up
// the system's fonts for it, which takes longer than all the rest of the start.
void document.fonts.load("13px Inter");
// The engine answers while the page is being put up.
const backend = connectBackend();
mount(App, { target });
app.start(backend);
