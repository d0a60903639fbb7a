/** The OpenAPI document of the HTTP API, made from the same table of operations that is served. */
import { z } from 'zod'
import { SCOPES } from '../service/accounts/access-tokens.ts'
import { VERSION } from '../version.ts'
import type { Route } from './route.ts'

type Json = { [key: string]: unknown }

/** @param routes as they are served; schemas with an id become components of the document */
export function openApiDocument(routes: readonly Route[]): Json {
  const schemas: Json = {}
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = (paths[route.path] ??= {})
    path[route.method.toLowerCase()] = operation(route, schemas)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Latchkey',
      version: VERSION,
      description: `Manages a Latchkey server. Access tokens are made by \`latchkey access-tokens add\`; their scopes are ${SCOPES.join(', ')}.`,
    },
    // Relative to the document's own URL, because a proxy may serve it under any path.
    servers: [{ url: '.' }],
    security: [{ accessToken: [] }],
    components: { schemas, securitySchemes: { accessToken: { type: 'http', scheme: 'bearer' } } },
    paths,
  }
}

function operation(route: Route, shared: Json): Json {
  return {
    operationId: operationId(route),
    summary: route.summary,
    ...(route.scope && { description: `Needs the scope \`${route.scope}\`.` }),
    parameters: [
      ...parameters(route.params, 'path', shared),
      ...parameters(route.query, 'query', shared),
    ],
    ...(route.body && {
      requestBody: { required: true, content: json(route.body, 'input', shared) },
    }),
    responses: {
      [route.status]: {
        description: 'Done',
        ...(route.answer && { content: json(route.answer, 'output', shared) }),
      },
      default: { description: 'Refused or failed', content: json(errorShape, 'output', shared) },
    },
  }
}

const errorShape = z.object({
  message: z.string(),
  code: z.int(),
  statusCode: z.int(),
  reason: z.string(),
  href: z.string(),
  details: z.unknown(),
})

/** `GET /accounts/{account_id}/reservations` becomes `getAccountsReservations`. */
function operationId({ method, path }: Route): string {
  const words = path.split('/').filter((part) => part !== '' && !part.startsWith('{'))
  const suffix = path.endsWith('}') ? 'One' : ''
  const camel = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('')
  return method.toLowerCase() + camel + suffix
}

function parameters(schema: z.ZodType, place: 'path' | 'query', shared: Json): Json[] {
  const { properties = {}, required = [] } = schemaOf(schema, 'input', shared) as {
    properties?: Json
    required?: string[]
  }
  return Object.entries(properties).map(([name, shape]) => ({
    name,
    in: place,
    required: required.includes(name),
    schema: shape,
  }))
}

function json(schema: z.ZodType, io: 'input' | 'output', shared: Json): Json {
  return { 'application/json': { schema: schemaOf(schema, io, shared) } }
}

/** Moves schemas with an id to the components; zod would repeat them at each use. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', shared: Json): Json {
  const {
    $schema: _,
    $defs = {},
    ...rest
  } = z.toJSONSchema(schema, { io, reused: 'inline' }) as Json
  for (const [id, shape] of Object.entries($defs as Json)) shared[id] = withoutId(shape as Json)
  return JSON.parse(JSON.stringify(rest).replaceAll('"#/$defs/', '"#/components/schemas/')) as Json
}

/** Removes `id`: OpenAPI refers to schemas by path, and in JSON Schema `id` would be a URL. */
function withoutId({ id: _, ...shape }: Json): Json {
  return shape
}
