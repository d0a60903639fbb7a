/** An operation of the HTTP API: path, scope, schemas of input and output, and handler. */
import type { z } from 'zod'
import type { Soon } from '../core/soon.ts'
import type { Result } from '../failure.ts'
import type { Bearer, Scope } from '../service/accounts/access-tokens.ts'

export interface Call<Path, Query, Body> {
  readonly path: Path
  readonly query: Query
  readonly body: Body
  readonly bearer: Bearer
  /** Takes the names of nodes that did not answer; they are told in a header. */
  readonly missing: string[]
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** With `{name}` for parameters, as in OpenAPI. */
  readonly path: string
  readonly summary: string
  /** Undefined where any valid token is enough. */
  readonly scope: Scope | undefined
  readonly params: z.ZodType
  readonly query: z.ZodType
  readonly body: z.ZodType | undefined
  /** Status on success; 204 has no body. */
  readonly status: 200 | 201 | 204
  readonly answer: z.ZodType | undefined
  /** Asks or acts on all nodes, instead of reading or writing settings in one turn. */
  readonly asksNodes?: boolean | undefined
  handle(call: Call<never, never, never>): Soon<Result<unknown>>
}

/** Infers the handler's types from the schemas. */
export function route<
  Path extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
>(definition: {
  method: Route['method']
  path: string
  summary: string
  scope: Scope | undefined
  params: Path
  query: Query
  body?: Body
  status: Route['status']
  answer?: z.ZodType
  asksNodes?: boolean
  handle: (call: Call<z.output<Path>, z.output<Query>, z.output<Body>>) => Soon<Result<unknown>>
}): Route {
  return { ...definition, body: definition.body, answer: definition.answer }
}
