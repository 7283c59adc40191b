// Shows openapi.json with Swagger UI. All addresses are relative, so that the page works below any path.
"use strict";

const site = new URL("..", location.href).href.replace(/\/$/, "");
document.getElementById("example").textContent =
  `curl ${site}/api/v1/recipes?limit=2\n\n` +
  `curl ${site}/api/v1/recipes \\\n` +
  `  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\\n` +
  `  -d '{"name":"Tea","healthLabels":[],"cookTimeMinutes":5,"prepTimeMinutes":0,"ingredients":["water","tea"]}'`;

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

// What a request needs, in words. Swagger UI shows a lock, which is closed where no token is needed.
function access(security) {
  const scopes = (security ?? []).flatMap((alternative) => Object.values(alternative).flat());
  const alternatives = (security ?? []).map((alternative) => Object.keys(alternative).length);
  if (alternatives.every((schemes) => schemes === 0)) return { name: "public", text: "no token" };
  return alternatives.includes(0)
    ? { name: "public", text: "token optional" }
    : { name: "protected", text: `token: ${scopes.join(", ") || "session"}` };
}

const Access = () => ({
  wrapComponents: {
    authorizeOperationBtn: () => () => null,
    OperationSummaryPath: (Original, { React }) => (props) => {
      const { name, text } = access(props.operationProps.get("security")?.toJS());
      return React.createElement(
        React.Fragment,
        null,
        React.createElement(Original, props),
        React.createElement("span", { className: `access access-${name}` }, text),
      );
    },
  },
});

SwaggerUIBundle({
  url: "../api/v1/openapi.json",
  dom_id: "#operations",
  plugins: [Access],
  deepLinking: true,
  tryItOutEnabled: true,
  filter: true,
  defaultModelsExpandDepth: 0,
  // The badge would send the address of this service to another host.
  validatorUrl: null,
});
