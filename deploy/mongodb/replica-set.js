// Makes mongo-1, mongo-2 and mongo-3 one replica set, unless they are; ends when it has a primary.
const SET = {
  _id: "orderway",
  members: ["mongo-1", "mongo-2", "mongo-3"].map((name, index) => ({ _id: index, host: `${name}:27017` })),
};
try {
  rs.status();
} catch (refusal) {
  if (refusal.codeName !== "NotYetInitialized") throw refusal;
  rs.initiate(SET);
}
while (!rs.status().members.some((member) => member.stateStr === "PRIMARY")) sleep(500);
