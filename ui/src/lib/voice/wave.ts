import { BARS, bars } from "./read";

/** More is not decoded for a picture of it: what is decoded takes many times the room. */
const LARGEST = 2 << 20;
const LONGEST = 600;
/** Samples a second; a picture needs no more, and fewer are not taken everywhere. */
const RATE = 8000;

/** The waveform of a recording, computed from its sound; none where that cannot be had. */
export async function waveOf(content: Blob, seconds: number): Promise<number[]> {
  if (content.size > LARGEST || !(seconds <= LONGEST)) return [];
  try {
    const context = new OfflineAudioContext(1, 1, RATE);
    const sound = await context.decodeAudioData(await content.arrayBuffer());
    const samples = sound.getChannelData(0);
    const step = samples.length / BARS;
    return bars(
      Array.from({ length: BARS }, (_, bar) =>
        peak(samples, Math.floor(bar * step), Math.floor((bar + 1) * step)),
      ),
    );
  } catch {
    return [];
  }
}

function peak(samples: Float32Array, from: number, to: number): number {
  let top = 0;
  for (let at = from; at < to; at += 1) top = Math.max(top, Math.abs(samples[at] ?? 0));
  return top;
}
