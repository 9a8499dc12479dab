import type { Plugin } from "vite";

/** Where the parts of marked end that need a renderer: an instance, and functions around it. */
const REST = /;var (\w+)=new \w+;function \w+\(\w+,\w+\)\{return \1\.parse\(/;
const LEXER = /\b(\w+) as Lexer\b/;

/**
 * Ships the lexer of marked alone, which is all that is used of it. It comes as one file that ends
 * in an instance with everything, and a bundler has to keep what is made while a module is read.
 */
export function lexerAlone(): Plugin {
  return {
    name: "lexer-alone",
    apply: "build",
    transform: {
      filter: { id: /\/marked\/lib\/marked\.esm\.js$/ },
      handler(code) {
        const [, lexer] = LEXER.exec(code) ?? [];
        const rest = code.search(REST);
        if (lexer === undefined || rest < 0) {
          this.error("marked is put together in another way than build/lexer.ts knows");
        }
        return { code: `${code.slice(0, rest)};export{${lexer} as Lexer};`, map: null };
      },
    },
  };
}
