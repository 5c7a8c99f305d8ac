// Runs the code of a Code node as n8n would hand it its names: {code, mode, items, nodes, execution} on stdin, one result per case on stdout.
import { readFileSync } from 'node:fs';

const answers = [];
for (const { code, mode, items, nodes, execution } of JSON.parse(readFileSync(0, 'utf8'))) {
  const $ = name => {
    if (!(name in nodes)) throw new Error(`Referenced node doesn't exist: ${name}`);
    return { first: () => nodes[name][0], all: () => nodes[name] };
  };
  const run = new Function('$input', '$json', '$', '$execution', code);
  const $input = { all: () => items, first: () => items[0] };
  try {
    const each = mode === 'runOnceForEachItem';
    answers.push({ items: each ? items.map(item => run({ item }, item.json, $, execution)) : run($input, undefined, $, execution) });
  } catch (error) {
    answers.push({ error: error.message });
  }
}
process.stdout.write(JSON.stringify(answers));
