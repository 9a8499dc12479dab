/**
 * Runs `action` once what is there now has been on the screen for a frame, and behind whatever
 * the browser does with the next. Answers how to give it up.
 */
export function afterPicture(action: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let frame = requestAnimationFrame(() => {
    frame = requestAnimationFrame(() => {
      timer = setTimeout(action);
    });
  });
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
}

/** Notes when the first messages were drawn: the bench compares it with a blank window. */
export function markShown(): void {
  requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("shown")));
}
