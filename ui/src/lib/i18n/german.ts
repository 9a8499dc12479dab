/** All that German brings, loaded when it is spoken. */
export { default as catalogue } from "./de";
export { default as engine, failures } from "./de-engine";
