// The shelf: every example operation, by what it is for, found by any word in it.
"use strict";

const Shelf = (() => {
  const h = React.createElement;

  // What an operation is for, by its kind; a preview is a query that says what a change would do.
  const GROUPS = ["Look", "Ask before a change", "Change", "Follow"];
  const KINDS = { query: "Look", mutation: "Change", subscription: "Follow" };

  function groupOf({ name, document }) {
    const operation = GraphiQL.GraphQL.parse(document).definitions.find((one) => one.kind === "OperationDefinition");
    const preview = operation.operation === "query" && /^preview\b/.test(name);
    return preview ? GROUPS[1] : KINDS[operation.operation];
  }

  // A document begins with what it is about, as comments.
  function aboutOf(document) {
    const lines = document.split("\n");
    const end = lines.findIndex((line) => !line.startsWith("#"));
    return lines.slice(0, end).map((line) => line.replace(/^#\s*/, "")).join(" ");
  }

  function shelved(example) {
    const about = aboutOf(example.document);
    return {
      ...example,
      about,
      group: groupOf(example),
      words: `${example.name} ${example.document}`.toLowerCase(),
      text: example.document,
      given: Object.keys(example.variables).length ? JSON.stringify(example.variables, null, 2) : "",
    };
  }

  function Icon() {
    const lines = "M4 3v18M9 3v18M14 4l6 16M2 21h20";
    return h(
      "svg",
      { viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", strokeWidth: 1.5, "aria-hidden": true },
      h("path", { d: lines }),
    );
  }

  // Opens an example: in the tab that has it, else in a new one.
  function useOpen() {
    const editor = GraphiQL.React.useEditorContext({ nonNull: true });
    const [wanted, setWanted] = React.useState(null);
    React.useEffect(() => {
      if (wanted === null || editor.tabs.length !== wanted.tabs) return;
      editor.queryEditor.setValue(wanted.example.text);
      editor.variableEditor.setValue(wanted.example.given);
      setWanted(null);
    }, [wanted, editor]);
    return (example) => {
      const open = editor.tabs.findIndex((tab) => tab.query === example.text);
      if (open >= 0) {
        editor.changeTab(open);
        return;
      }
      editor.addTab();
      setWanted({ example, tabs: editor.tabs.length + 1 });
    };
  }

  function Group({ name, examples, open }) {
    return h(
      "section",
      { className: "shelf-group" },
      h("h3", null, name, h("span", null, examples.length)),
      h(
        "ul",
        null,
        examples.map((example) =>
          h(
            "li",
            { key: example.name },
            h(
              "button",
              { type: "button", onClick: () => open(example) },
              h("strong", null, example.name),
              h("span", null, example.about),
            ),
          ),
        ),
      ),
    );
  }

  function plugin(examples) {
    const all = examples.map(shelved);

    function Content() {
      const [asked, setAsked] = React.useState("");
      const open = useOpen();
      const words = asked.toLowerCase().split(/\s+/).filter(Boolean);
      const found = all.filter((example) => words.every((word) => example.words.includes(word)));
      return h(
        "div",
        { className: "shelf" },
        h("div", { className: "graphiql-doc-explorer-title" }, "Examples"),
        h("input", {
          type: "search",
          value: asked,
          placeholder: "Search names, fields, words",
          "aria-label": "Search examples",
          onChange: (event) => setAsked(event.target.value),
        }),
        GROUPS.map((name) => [name, found.filter((example) => example.group === name)])
          .filter(([, within]) => within.length)
          .map(([name, within]) => h(Group, { key: name, name, examples: within, open })),
        found.length ? null : h("p", null, "No example has all of these words."),
      );
    }

    return { title: "Examples", icon: Icon, content: Content };
  }

  return { plugin, shelved };
})();
