// Engine calls the functions of the module in its worker.
export class Engine {
  constructor() {
    this.waiting = new Map();
    this.next = 0;
    this.worker = new Worker("worker.js");
    this.worker.onmessage = ({ data: { id, result } }) => {
      const { resolve, reject } = this.waiting.get(id);
      this.waiting.delete(id);
      if (result.error) reject(new Error(result.error));
      else resolve(result);
    };
    this.worker.onerror = (e) => {
      for (const { reject } of this.waiting.values()) reject(new Error(e.message || "the worker did not start"));
      this.waiting.clear();
    };
  }

  // call returns a promise of the function's result; what the module refuses rejects it.
  call(name, ...args) {
    return new Promise((resolve, reject) => {
      const id = this.next++;
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, call: name, args });
    });
  }
}
