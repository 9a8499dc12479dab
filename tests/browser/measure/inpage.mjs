// Runs in every page that is measured, before its own scripts.

/** Puts `ask`, `frames` and `changes` into the page. */
export function equip() {
  /** Asks the engine over a socket of its own, which is gone afterwards. */
  window.ask = (command, args) =>
    new Promise((answered, failed) => {
      const url = new URL("ws", location.href);
      url.protocol = "ws:";
      url.searchParams.set("token", new URLSearchParams(location.hash.slice(1)).get("token"));
      url.hash = "";
      const socket = new WebSocket(url);
      socket.onopen = () => socket.send(JSON.stringify({ id: 1, command, args }));
      socket.onerror = () => failed(new Error("no socket"));
      socket.onmessage = ({ data }) => {
        const frame = JSON.parse(data);
        if (frame.id !== 1) return;
        socket.close();
        if (frame.error) failed(new Error(`${command}: ${JSON.stringify(frame.error)}`));
        else answered(frame.ok);
      };
    });

  /** The times between frames and the long tasks from `start` to `stop`, in ms. */
  window.frames = {
    start() {
      const seen = { between: [], long: [] };
      this.seen = seen;
      this.observer = new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) seen.long.push(duration);
      });
      this.observer.observe({ type: "longtask" });
      let last = performance.now();
      const next = (now) => {
        if (this.seen !== seen) return;
        seen.between.push(now - last);
        last = now;
        requestAnimationFrame(next);
      };
      requestAnimationFrame(next);
    },
    stop() {
      const { seen, observer } = this;
      for (const { duration } of observer.takeRecords()) seen.long.push(duration);
      observer.disconnect();
      this.seen = undefined;
      return seen;
    },
  };

  /** From each key to the frame that shows the last change of a part of the page, in ms. */
  window.changes = {
    start(css) {
      const keys = [];
      this.keys = keys;
      this.onkey = ({ timeStamp }) => keys.push({ at: timeStamp });
      window.addEventListener("keydown", this.onkey, true);
      const drawn = new MessageChannel();
      drawn.port1.onmessage = ({ data }) => {
        keys[data].shown = performance.now() - keys[data].at;
      };
      this.observer = new MutationObserver(() => {
        const key = keys.length - 1;
        // After the frame's own work, when it has been handed over.
        if (key >= 0) requestAnimationFrame(() => drawn.port2.postMessage(key));
      });
      const options = { subtree: true, childList: true, characterData: true };
      this.observer.observe(document.querySelector(css), options);
    },
    stop() {
      this.observer.disconnect();
      window.removeEventListener("keydown", this.onkey, true);
      return this.keys.map(({ shown }) => shown);
    },
  };
}
