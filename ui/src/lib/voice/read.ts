type Data = Readonly<Record<string, unknown>>;

/** Bars of a waveform. */
export const BARS = 58;

/** Length in seconds and heights (0 to 1) of a voice message, where its producer gave them. */
export function readVoice(metadata: Data): { seconds: number | undefined; wave: number[] } {
  const milliseconds = number(metadata.duration_ms);
  const seconds =
    number(metadata.duration_s) ??
    number(metadata.duration) ??
    (milliseconds === undefined ? undefined : milliseconds / 1000);
  const wave = Array.isArray(metadata.waveform) ? metadata.waveform : [];
  const heights = wave.filter((each): each is number => typeof each === "number" && each >= 0);
  return { seconds, wave: bars(heights) };
}

/** So many heights as there are bars, of 0 to 1; none where all are 0. */
export function bars(heights: readonly number[]): number[] {
  const most = heights.reduce((top, each) => Math.max(top, each), 0);
  if (!(most > 0 && most < Number.POSITIVE_INFINITY)) return [];
  return Array.from(
    { length: BARS },
    (_, index) => (heights[Math.floor((index * heights.length) / BARS)] ?? 0) / most,
  );
}

function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}
