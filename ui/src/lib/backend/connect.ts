import type { Backend } from "../backend";
import { inWindow } from "../platform";
import { SocketBackend, socketAddress } from "./socket";
import { TauriBackend } from "./tauri";

/**
 * The door of this place: Tauri's in the window, a WebSocket in a browser. Both are small, and
 * loading the right one later would cost the start more than loading both.
 */
export function connectBackend(): Backend {
  return inWindow() ? new TauriBackend() : new SocketBackend(socketAddress(window.location));
}
