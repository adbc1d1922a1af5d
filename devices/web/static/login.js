// The sign-in: a token for a cookie that scripts cannot read.
import { useState } from "./vendor/hooks.js";
import { request } from "./api.js";
import { Act, html } from "./parts.js";
import { T } from "./texts.js";

export function Login({ entered }) {
  const [token, setToken] = useState("");
  const enter = async () => {
    try {
      await request("api/login", { method: "POST", body: { token } });
    } catch (error) {
      throw error.status === 401 ? new Error(T.wrongToken) : error;
    }
    setToken("");
    entered();
  };
  return html`<form class="login card" onSubmit=${(event) => (event.preventDefault(), event.target.querySelector("button").click())}>
    <h1>${T.signIn}</h1>
    <label>${T.token}<input type="password" autocomplete="current-password" required value=${token} onInput=${(event) => setToken(event.target.value)} /></label>
    <p class="dim">${T.tokenHelp}</p>
    <${Act} does=${enter} kind="main">${T.signIn}<//>
  </form>`;
}
