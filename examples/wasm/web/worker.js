// The module runs here, so that an inference does not hold up the page. A message {id, call, args} names a function of the
// global object octet (module.go); the answer is {id, result}.
importScripts("wasm_exec.js");

const ready = (async () => {
  const response = await fetch("octet.wasm");
  if (!response.ok) throw new Error(`octet.wasm: ${response.status} ${response.statusText}`);
  const go = new Go();
  // From bytes, not streaming: file servers often lack the type application/wasm.
  const { instance } = await WebAssembly.instantiate(await response.arrayBuffer(), go.importObject);
  go.run(instance).finally(() => { self.octet = null; });
})();

self.onmessage = async ({ data: { id, call, args } }) => {
  let result;
  try {
    await ready;
    if (!self.octet) throw new Error("the module ended; reload the page");
    result = self.octet[call](...args);
  } catch (e) {
    result = { error: String(e.message || e) };
  }
  self.postMessage({ id, result });
};
