// Runs a program compiled for wasip1 by Node, with the whole file system: node .ci/wasip1.mjs PROGRAM ARGUMENT...
// As -exec of go test: go test -exec "node --no-warnings $PWD/.ci/wasip1.mjs" PACKAGE
import { readFile } from "node:fs/promises";
import { argv, cwd, env, exit } from "node:process";
import { WASI } from "node:wasi";

const wasi = new WASI({ version: "preview1", args: argv.slice(2), env: { ...env, PWD: cwd() }, preopens: { "/": "/" } });
const module = await WebAssembly.compile(await readFile(argv[2]));
exit(wasi.start(await WebAssembly.instantiate(module, wasi.getImportObject())));
