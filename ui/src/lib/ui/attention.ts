/** Whether the system ever told this window about its focus; some never do. */
let told = false;

/** Notes that the system tells about focus. */
export function focusTold(): void {
  told = true;
}

/** Whether someone can be reading: the window is in view and, where that is known, in front. */
export function attended(page: Document = document): boolean {
  if (page.visibilityState !== "visible") return false;
  if (page.hasFocus()) {
    told = true;
    return true;
  }
  return !told;
}
