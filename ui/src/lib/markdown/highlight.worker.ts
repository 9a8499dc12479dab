import type { Answer, Question } from "./colours";
import { highlight } from "./highlight";

self.onmessage = ({ data: { id, code, language } }: MessageEvent<Question>) => {
  self.postMessage({ id, pieces: highlight(code, language) } satisfies Answer);
};
