import { inWindow } from "../platform";
import { app } from "../state/app.svelte";
import { settings } from "../state/settings.svelte";
import { isMod } from "../ui/keys";

/** In percent of the usual size. */
export const ZOOMS: readonly number[] = [80, 90, 100, 110, 125, 150, 175, 200];
export const USUAL_ZOOM = 100;

export type ZoomStep = "in" | "out" | "usual";

/** Whether the program zooms. A browser does that itself, by the same keys. */
export function canZoom(): boolean {
  return inWindow();
}

/** The next size from one; undefined where there is none. */
export function nextZoom(now: number, step: ZoomStep): number | undefined {
  if (step === "usual") return now === USUAL_ZOOM ? undefined : USUAL_ZOOM;
  return step === "in" ? ZOOMS.find((each) => each > now) : ZOOMS.findLast((each) => each < now);
}

export function zoom(step: ZoomStep): void {
  const next = nextZoom(app.settings.zoom, step);
  if (next !== undefined) void settings.change({ zoom: next });
}

/** What a key asks for. Where plus and minus are on a keyboard, and whether with Shift, differs. */
export function zoomStep(event: KeyboardEvent): ZoomStep | undefined {
  if (!isMod(event) || event.altKey) return undefined;
  switch (event.key) {
    case "+":
    case "=":
      return "in";
    case "-":
      return "out";
    case "0":
      return "usual";
    default:
      return undefined;
  }
}
