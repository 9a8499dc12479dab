/**
 * Runs `action` once what is there now is on the screen: a frame later, and behind whatever the
 * browser does with that frame. Answers how to give it up.
 */
export function afterPicture(action: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const frame = requestAnimationFrame(() => {
    timer = setTimeout(action);
  });
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
}
