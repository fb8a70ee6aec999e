// Reads a FileMaker Server by @proofkit/fmdapi and prints what it was told, as JSON.
// usage: node read_proofkit.mjs ORIGIN ACCOUNT PASSWORD DATABASE LAYOUT NAME_TO_FIND
import { DataApi, FetchAdapter } from "@proofkit/fmdapi";

const [server, username, password, db, layout, wanted] = process.argv.slice(2);

const adapter = new FetchAdapter({ auth: { username, password }, db, server });
const client = DataApi({ adapter, layout });
const elsewhere = DataApi({ adapter, layout: "No such layout" });
const codeOf = (call) => call.then(() => "0", (error) => String(error.code));

const all = await client.listAll({ limit: 20 });
const found = await client.find({ query: { "Name Last": `==${wanted}` }, limit: 5 });
const first = await client.get({ recordId: all[0].recordId });
const told = {
  fields: (await client.layoutMetadata()).fieldMetaData.map((field) => field.name),
  ids: all.map((record) => Number(record.recordId)),
  found: found.data.map((record) => record.fieldData["Name Last"]),
  first: first.data[0].fieldData,
  codes: [
    await codeOf(client.get({ recordId: 999999 })),
    await codeOf(client.find({ query: { "Name Last": "==nobody at all" } })),
    await codeOf(elsewhere.list({ limit: 1 })),
  ],
};
await adapter.disconnect();
process.stdout.write(JSON.stringify(told));
