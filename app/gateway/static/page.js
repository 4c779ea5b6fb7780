// Fills GraphiQL with the example operations and the development token, and sends both queries and subscriptions.
"use strict";

const config = JSON.parse(document.getElementById("config").textContent);

// The header editor is the one place of the token; connection_init is sent the same one.
let headers = {};

function authorization() {
  const name = Object.keys(headers).find((header) => header.toLowerCase() === "authorization");
  return name === undefined ? {} : { Authorization: headers[name] };
}

const url = new URL("/graphql", window.location.href);
const socket = new URL(url);
socket.protocol = url.protocol === "https:" ? "wss:" : "ws:";

const fetchOrSubscribe = GraphiQL.createFetcher({
  url: url.href,
  wsClient: graphqlWs.createClient({
    url: socket.href,
    lazyCloseTimeout: 0,
    connectionParams: authorization,
  }),
});

function fetcher(parameters, options) {
  headers = (options && options.headers) || {};
  return fetchOrSubscribe(parameters, options);
}

const filledIn = config.token ? JSON.stringify({ Authorization: `Bearer ${config.token}` }, null, 2) : undefined;

const defaultTabs = config.examples.map(({ name, document, variables }) => ({
  query: `# ${name}\n\n${document}`,
  variables: Object.keys(variables).length ? JSON.stringify(variables, null, 2) : undefined,
  headers: filledIn,
}));

// GraphiQL remembers tabs but, as it should, no headers: a remembered tab gets today's token. The open tab gets it as
// the default header; filled in here too, GraphiQL would not know it again and open it twice.
const TABS = "graphiql:tabState";

function withToken(remembered) {
  const state = JSON.parse(remembered);
  const filled = (tab, index) => (index === state.activeTabIndex ? tab : { ...tab, headers: tab.headers ?? filledIn });
  return JSON.stringify({ ...state, tabs: state.tabs.map(filled) });
}

const storage = {
  getItem(key) {
    const value = window.localStorage.getItem(key);
    return key === TABS && value && filledIn ? withToken(value) : value;
  },
  setItem: (key, value) => window.localStorage.setItem(key, value),
  removeItem: (key) => window.localStorage.removeItem(key),
  clear: () => window.localStorage.clear(),
  get length() {
    return window.localStorage.length;
  },
};

// GraphiQL leaves the variables of the first tab out when it opens it for the first time.
const firstVariables = window.localStorage.getItem(TABS) ? undefined : defaultTabs[0]?.variables;

ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(
    GraphiQL,
    {
      fetcher,
      storage,
      defaultTabs: defaultTabs.length ? defaultTabs : undefined,
      variables: firstVariables,
      defaultHeaders: filledIn,
      defaultEditorToolsVisibility: "variables",
      isHeadersEditorEnabled: true,
      plugins: [GraphiQLPluginExplorer.explorerPlugin()],
    },
    React.createElement(GraphiQL.Logo, null, React.createElement("span", { className: "orderway-name" }, "Orderway")),
  ),
);
