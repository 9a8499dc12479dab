/** All that German brings, loaded when it is spoken. */
export { default as catalogue } from "./de";
export { default as engine } from "./de-engine";
