// Keeps what the page around this one sends until the modules of this page are loaded.

window.early = [];
window.addEventListener("message", (event) => window.early?.push(event));
