// The description of REST as the hub serves it, by a validator that nobody here wrote: against the schema of OpenAPI 3.1, and with every reference followed.
import { Validator } from '@seriousme/openapi-schema-validator';

const answer = await fetch(`${process.env.HUB_HTTP}/api/v1/openapi.json`);
if (!answer.ok) {
  throw new Error(`the hub answers ${answer.status}`);
}

const document = await answer.json();
const validator = new Validator();
const result = await validator.validate(structuredClone(document));
if (!result.valid) {
  throw new Error(JSON.stringify(result.errors, null, 1));
}

if (validator.version !== '3.1') {
  throw new Error(`it is OpenAPI ${validator.version}`);
}

// Throws where a reference leads nowhere.
validator.resolveRefs();

// That the validator is not one that takes everything: a description that is broken on purpose is refused.
const broken = structuredClone(document);
delete broken.info.title;
if ((await new Validator().validate(broken)).valid) {
  throw new Error('a description without a title is taken');
}

// What the schema of OpenAPI cannot say (OpenAPI 3.1 §4.8.10, §4.8.12): operationIds and parameters are unique, each template in a path is a parameter.
const ids = new Set();
let operations = 0;
for (const [path, item] of Object.entries(document.paths)) {
  for (const [method, operation] of Object.entries(item)) {
    operations++;
    if (ids.has(operation.operationId)) {
      throw new Error(`${operation.operationId} is there twice`);
    }

    ids.add(operation.operationId);
    const names = (operation.parameters ?? []).map(p => `${p.in} ${p.name}`);
    if (new Set(names).size !== names.length) {
      throw new Error(`${method} ${path} has a parameter twice`);
    }

    const wanted = [...path.matchAll(/\{([^}]+)\}/g)].map(m => m[1]).sort().join();
    const given = (operation.parameters ?? []).filter(p => p.in === 'path' && p.required).map(p => p.name).sort().join();
    if (wanted !== given) {
      throw new Error(`${method} ${path} has the parameters ${given}`);
    }
  }
}

console.log(`ok ${operations} operations`);
