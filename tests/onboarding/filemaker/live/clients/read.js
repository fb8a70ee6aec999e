// Reads a FileMaker Server by fms-api-client and prints what it was told, as JSON.
// usage: node read.js ORIGIN ACCOUNT PASSWORD DATABASE LAYOUT NAME_TO_FIND
const { connect } = require("marpat");
const { Filemaker } = require("fms-api-client");

const [server, user, password, database, layout, wanted] = process.argv.slice(2);

const codeOf = (call) => call.then(() => "0", (error) => String(error.code));

async function main() {
  await connect("nedb://memory");
  const client = Filemaker.create({ server, user, password, database, usage: false });
  await client.save();
  const ids = [];
  for (let offset = 1; ; offset += 20) {
    const page = await client.list(layout, { limit: 20, offset, portal: [] }).catch((error) => {
      if (error.code === "101" || error.code === "401") return { data: [] };
      throw error;
    });
    ids.push(...page.data.map((record) => Number(record.recordId)));
    if (page.data.length < 20) break;
  }
  const found = await client.find(layout, [{ "Name Last": `==${wanted}` }], { limit: 5 });
  const first = await client.get(layout, ids[0]);
  const told = {
    product: await client.productInfo(),
    databases: await client.databases(),
    layouts: (await client.layouts()).layouts.length,
    fields: (await client.layout(layout)).fieldMetaData.map((field) => field.name),
    ids,
    found: found.data.map((record) => record.fieldData["Name Last"]),
    first: first.data[0].fieldData,
    codes: [
      await codeOf(client.get(layout, 999999)),
      await codeOf(client.find(layout, [{ "Name Last": "==nobody at all" }], {})),
      await codeOf(client.list("No such layout", {})),
    ],
  };
  await client.logout();
  process.stdout.write(JSON.stringify(told));
  process.exit(0);
}

main().catch((error) => {
  process.stderr.write(String(error.stack || JSON.stringify(error)));
  process.exit(1);
});
