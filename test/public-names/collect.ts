/** The names by which people and programs know this one, read from a running server where possible. */
import { Database } from 'bun:sqlite'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { commands } from '../../src/cli/cli.ts'
import { settings } from '../../src/config.ts'
import { ERROR_CODES } from '../../src/docs/errors.ts'
import { PAGE_NAMES } from '../../src/docs/pages.ts'
import { FAILURE_NAMES, failure } from '../../src/failure.ts'
import { ablyCode } from '../../src/protocol/ably/errors/codes.ts'
import { Client } from '../support/client.ts'
import type { TestServer } from '../support/server.ts'
import { closeReasons, auditActions, auditEntities } from './words.ts'
import { answered } from './addresses.ts'

/** What there are lists of; each has a file of that name in `names/`. */
export const KINDS = [
  'flags',
  'variables',
  'commands',
  'failures',
  'metrics',
  'close-reasons',
  'audit-words',
  'columns',
  'api-fields',
  'addresses',
  'anchors',
] as const
export type Kind = (typeof KINDS)[number]

const fileOf = (kind: Kind) => join(import.meta.dir, 'names', `${kind}.txt`)

/** The names that were there before, and have to stay. */
export function promised(kind: Kind): string[] {
  return readFileSync(fileOf(kind), 'utf8').trimEnd().split('\n')
}

/** Adds what is there now to the list of a kind; nothing is taken away. */
export async function promise(kind: Kind, names: readonly string[]): Promise<void> {
  const all = new Set([...promised(kind), ...names])
  await Bun.write(fileOf(kind), `${[...all].filter(Boolean).toSorted().join('\n')}\n`)
}

/** The names of one kind that there are now. */
export async function present(kind: Kind, server: TestServer): Promise<ReadonlySet<string>> {
  return new Set(await COLLECTORS[kind](server))
}

type Collect = (server: TestServer) => Iterable<string> | Promise<Iterable<string>>

const COLLECTORS: Readonly<Record<Kind, Collect>> = {
  flags: () => settings.flatMap(({ flag }) => flag ?? []),
  variables: () => settings.map(({ variable }) => variable),
  commands: () =>
    commands.flatMap(({ name, positionals, options }) =>
      [[name, ...positionals].join(' ')].concat(
        options.map((option) => `${name} --${option.name}`),
      ),
    ),
  failures: () => FAILURE_NAMES.map((name) => `${name} ${failure(name).status} ${ablyCode(name)}`),
  metrics: async (server) => {
    // Reasons are counted once there is one.
    await textAt(`${server.url}/c/`)
    const client = await Client.join(`${server.sockets}lobby`)
    client.close()
    await client.closing()
    return metricsIn(await textAt(`${server.url}/metrics`))
  },
  'close-reasons': () => closeReasons(promised('close-reasons')),
  'audit-words': () => [...auditEntities(), ...auditActions(promised('audit-words'))],
  columns: ({ folder }) => ['latchkey.db', 'history.db'].flatMap((name) => columnsOf(folder, name)),
  'api-fields': async ({ url }) => apiFields(JSON.parse(await textAt(`${url}/v1/openapi.json`))),
  addresses: (server) => answered(promised('addresses'), server),
  anchors: async ({ url }) => {
    const paths = [
      ...PAGE_NAMES.map((name) => `/docs/${name}`),
      ...ERROR_CODES.map((code) => `/errors/${code}`),
    ]
    const found = paths.map(async (path) => anchorsIn(path, await textAt(`${url}${path}`)))
    return (await Promise.all(found)).flat()
  },
}

async function textAt(url: string): Promise<string> {
  return (await fetch(url)).text()
}

/** Names, each with what it is, and with every label that a sample has. */
function metricsIn(text: string): string[] {
  const types = text.matchAll(/^# TYPE (\S+) (\S+)$/gm)
  const labels = text.matchAll(/^(\w+)\{(\w+)="/gm)
  return [
    ...Array.from(types, ([, name, type]) => `${name} ${type}`),
    ...Array.from(labels, ([, name, label]) => `${name} ${label}`),
  ]
}

/** The page, and each of its anchors. */
function anchorsIn(path: string, html: string): string[] {
  const anchors = Array.from(html.matchAll(/ id="([^"]+)"/g), ([, id]) => `${path}#${id}`)
  return [path, ...anchors]
}

function columnsOf(folder: string, file: string): string[] {
  const database = new Database(join(folder, file), { readonly: true })
  try {
    const tables = database
      .query<{ name: string }, []>(
        `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`,
      )
      .all()
    return tables.flatMap(({ name }) =>
      database
        .query<{ name: string }, [string]>('SELECT name FROM pragma_table_info(?)')
        .all(name)
        .map((column) => `${file} ${name}.${column.name}`),
    )
  } finally {
    database.close()
  }
}

type Json = { readonly [key: string]: unknown }

/** Operations of an OpenAPI document, and the fields of what is sent and answered, by path. */
function apiFields(document: Json): string[] {
  const schemas = (document['components'] as { schemas: Record<string, Json> }).schemas
  const names: string[] = []
  for (const [path, operations] of Object.entries(document['paths'] as Record<string, Json>))
    for (const [method, told] of Object.entries(operations)) {
      const name = `${method.toUpperCase()} ${path}`
      const operation = told as unknown as Operation
      const answers = Object.entries(operation.responses)
      names.push(
        name,
        ...operation.parameters.map((one) => `${name} ${one.in} ${one.name}`),
        ...fieldsOf(operation.requestBody, schemas).map((field) => `${name} body ${field}`),
        ...answers.flatMap(([status, answer]) =>
          fieldsOf(answer, schemas).map((field) => `${name} ${status} ${field}`),
        ),
      )
    }
  return names
}

interface Operation {
  readonly parameters: readonly { readonly in: string; readonly name: string }[]
  readonly requestBody?: Content
  readonly responses: Readonly<Record<string, Content>>
}

interface Content {
  readonly content?: { readonly 'application/json': { readonly schema: Json } }
}

function fieldsOf(body: Content | undefined, schemas: Record<string, Json>): string[] {
  const schema = body?.content?.['application/json'].schema
  return schema ? [...new Set(membersOf(schema, schemas, ''))] : []
}

/** Members of a JSON schema, such as `keys[].name`. */
function membersOf(schema: Json, schemas: Record<string, Json>, above: string): string[] {
  const { $ref: reference, properties = {}, items, additionalProperties } = schema
  if (typeof reference === 'string')
    return membersOf(schemas[reference.split('/').at(-1)!]!, schemas, above)
  const names: string[] = []
  const lookInto = (inner: unknown, path: string) => {
    if (inner !== null && typeof inner === 'object')
      names.push(...membersOf(inner as Json, schemas, path))
  }
  for (const [name, inner] of Object.entries(properties as Json)) {
    names.push(above + name)
    lookInto(inner, `${above}${name}.`)
  }
  lookInto(items, above.replace(/\.$/, '[].'))
  lookInto(additionalProperties, `${above}*.`)
  for (const key of ['anyOf', 'oneOf', 'allOf'])
    for (const choice of (schema[key] as Json[] | undefined) ?? []) lookInto(choice, above)
  return names
}
