/** The OpenAPI document of the HTTP API, made from the same table of operations that is served. */
import { z } from 'zod'
import { SCOPES } from '../service/access-tokens.ts'
import { VERSION } from '../version.ts'
import type { Route } from './route.ts'

type Json = { [key: string]: unknown }

export function openApiDocument(routes: readonly Route[], serverUrl: string): Json {
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = (paths[route.path] ??= {})
    path[route.method.toLowerCase()] = operation(route)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Latchkey',
      version: VERSION,
      description: `Manages a Latchkey server. Access tokens are made by \`latchkey access-tokens add\`; their scopes are ${SCOPES.join(', ')}.`,
    },
    servers: [{ url: serverUrl }],
    security: [{ accessToken: [] }],
    components: { securitySchemes: { accessToken: { type: 'http', scheme: 'bearer' } } },
    paths,
  }
}

function operation(route: Route): Json {
  return {
    operationId: operationId(route),
    summary: route.summary,
    ...(route.scope && { description: `Needs the scope \`${route.scope}\`.` }),
    parameters: [...parameters(route.params, 'path'), ...parameters(route.query, 'query')],
    ...(route.body && { requestBody: { required: true, content: json(route.body, 'input') } }),
    responses: {
      [route.status]: {
        description: 'Done',
        ...(route.answer && { content: json(route.answer, 'output') }),
      },
      default: { description: 'Refused or failed', content: json(errorShape, 'output') },
    },
  }
}

const errorShape = z.object({
  message: z.string(),
  code: z.int(),
  statusCode: z.int(),
  reason: z.string(),
  details: z.unknown(),
})

/** `GET /accounts/{account_id}/reservations` becomes `getAccountsReservations`. */
function operationId({ method, path }: Route): string {
  const words = path.split('/').filter((part) => part !== '' && !part.startsWith('{'))
  const suffix = path.endsWith('}') ? 'One' : ''
  const camel = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('')
  return method.toLowerCase() + camel + suffix
}

function parameters(schema: z.ZodType, place: 'path' | 'query'): Json[] {
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
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

function json(schema: z.ZodType, io: 'input' | 'output'): Json {
  return { 'application/json': { schema: schemaOf(schema, io) } }
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, reused: 'inline' }) as Json
  return rest
}
