// Server asks the server that the page is from.
export class Server {
  constructor() {
    this.token = "";
    this.refused = () => {}; // called when the server wants a token, or another one
  }

  // get returns the server's response; what it refuses, and no answer, is an Error, with the status of the response.
  async get(path, options = {}) {
    const headers = { ...options.headers };
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    let response;
    try {
      response = await fetch(path, { ...options, headers });
    } catch (e) {
      if (e.name === "TimeoutError") throw e;
      throw new Error("the server does not answer");
    }
    if (response.ok) return response;
    if (response.status === 401) this.refused();
    const { error } = await response.json().catch(() => ({}));
    throw Object.assign(new Error(error || `the server answers ${response.status}`), { status: response.status });
  }

  async ask(path, options) { return (await this.get(path, options)).json(); }

  status(signal) { return this.ask("v1/status", { signal }); }

  // classify asks what is in a file; an empty version is the latest.
  classify(model, version, file) {
    const path = ["v1/classify", encodeURIComponent(model)];
    if (version) path.push(encodeURIComponent(version));
    return this.ask(path.join("/"), {
      method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" },
    });
  }
}
