// Fills GraphiQL with a shelf of examples and the development token, sends every kind of operation, and shows its cost.
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

// What an operation cost and what is left is in the extensions of its first answer.
const told = { cost: null, listeners: new Set() };

function tell(cost) {
  told.cost = cost;
  told.listeners.forEach((listener) => listener());
}

function noted(answer) {
  const first = Array.isArray(answer) ? answer[0] : answer;
  if (first?.extensions?.cost) tell(first.extensions.cost);
  return answer;
}

async function* notedEach(answers) {
  for await (const answer of answers) yield noted(answer);
}

function Cost() {
  const cost = React.useSyncExternalStore(
    (listener) => {
      told.listeners.add(listener);
      return () => told.listeners.delete(listener);
    },
    () => told.cost,
  );
  if (!cost) return null;
  const { currentlyAvailable, maximumAvailable, restoreRate } = cost.throttleStatus;
  const number = (value) => Math.floor(value).toLocaleString("en");
  return React.createElement(
    "p",
    { className: "cost", title: `${number(restoreRate)} a second come back` },
    `Cost ${number(cost.requested)} of at most ${number(cost.max)}; `,
    `${number(currentlyAvailable)} of ${number(maximumAvailable)} are left`,
  );
}

async function fetcher(parameters, options) {
  headers = (options && options.headers) || {};
  tell(null);
  const answers = await fetchOrSubscribe(parameters, options);
  return answers && answers[Symbol.asyncIterator] ? notedEach(answers) : noted(answers);
}

const filledIn = config.token ? JSON.stringify({ Authorization: `Bearer ${config.token}` }, null, 2) : undefined;

const shelf = Shelf.plugin(config.examples);

// The first visit begins with something to look at, and the shelf beside it.
const VISITED = "graphiql:visiblePlugin";
const firstVisit = !window.localStorage.getItem("graphiql:tabState");
const begin = config.examples.map(Shelf.shelved).find(({ group }) => group === "Look");
const defaultTabs = begin && [{ query: begin.text, variables: begin.given || undefined, headers: filledIn }];
if (firstVisit && begin && !window.localStorage.getItem(VISITED)) window.localStorage.setItem(VISITED, shelf.title);

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

ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(
    GraphiQL,
    {
      fetcher,
      storage,
      defaultTabs,
      // GraphiQL leaves the variables of the first tab out when it opens it for the first time
      variables: firstVisit ? defaultTabs?.[0].variables : undefined,
      defaultHeaders: filledIn,
      defaultEditorToolsVisibility: "variables",
      isHeadersEditorEnabled: true,
      plugins: [shelf, GraphiQLPluginExplorer.explorerPlugin()],
    },
    React.createElement(GraphiQL.Logo, null, React.createElement("span", { className: "orderway-name" }, "Orderway")),
    React.createElement(GraphiQL.Footer, null, React.createElement(Cost)),
  ),
);
