/** The HTTP API under `/v1` and `/api/v1`: bearer tokens, validated input, one table of operations. */
import { type Context, Hono } from 'hono'
import type { z } from 'zod'
import type { Soon } from '../core/soon.ts'
import {
  type Failure,
  type Result,
  fail,
  failure,
  isBadCredential,
  ok,
  refusalHeaders,
} from '../failure.ts'
import { type Bearer, COMMAND_LINE, type Scope } from '../service/accounts/access-tokens.ts'
import type { Actor } from '../service/audit/audit.ts'
import { errorBody } from './errors.ts'
import { openApiDocument } from './openapi.ts'
import { operations } from './operations.ts'
import type { ApiParts } from './parts.ts'
import type { Call, Route } from './route.ts'

/** Identifies the caller: by access token, or as the machine's own user, who alone can reach the control socket. */
export type Identify = (request: Request) => Result<Bearer>

const MAX_BODY_BYTES = 65_536
/** Names the nodes of which an answer says nothing, because they did not answer in time. */
export const MISSING_NODES = 'latchkey-missing-nodes'

/** What the transport provides for a request. */
export interface ApiEnv {
  Bindings: {
    readonly visit: {
      /** The base URL by which the client addresses this server. */
      readonly base: string
      body(maxBytes: number): Promise<Result<Uint8Array>>
      /** Counts missing or wrong credentials. @returns whether the address may still be told about them */
      failedAttempt(): boolean
    }
  }
}

type ApiContext = Context<ApiEnv>

export function apiApp(parts: ApiParts, identify: Identify): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>()
  const routes = operations(parts)
  // Made once: anybody may ask for it, and it costs as much as hundreds of other requests.
  let document: string | undefined
  app.get('/openapi.json', (context) => {
    document ??= JSON.stringify(openApiDocument(routes))
    return context.body(document, 200, { 'content-type': 'application/json' })
  })
  for (const route of routes) {
    const path = route.path.replaceAll(/\{(\w+)\}/g, ':$1')
    app.on(route.method, [path], (context) => handle(context, route, identify, parts.services))
  }
  app.all('*', (context) => {
    // Without valid credentials nobody learns which paths exist.
    const known = identify(context.req.raw)
    return known.ok ? answerUnmatched(context, routes) : answerStranger(context, known.failure)
  })
  return app
}

async function handle(
  context: ApiContext,
  route: Route,
  identify: Identify,
  { audit, ledger }: ApiParts['services'],
): Promise<Response> {
  // Checked before the body, so that strangers cannot make the server buffer one, and again after it has arrived.
  const known = permitted(identify(context.req.raw), route.scope)
  if (!known.ok) return answerStranger(context, known.failure)
  const body = route.body ? await context.env.visit.body(MAX_BODY_BYTES) : NO_BODY
  if (!body.ok) return answerFailure(context, body.failure)
  const bearer = permitted(identify(context.req.raw), route.scope)
  if (!bearer.ok) return answerFailure(context, bearer.failure)
  const input = readInput(context, route, body.value)
  if (!input.ok) return answerFailure(context, input.failure, input.details)
  const missing: string[] = []
  const act = (): Soon<Result<unknown>> => {
    // Checked once more in the turn of the write, which may have waited for the database.
    const still = permitted(identify(context.req.raw), route.scope)
    if (!still.ok) return still
    const call = { ...input.value, bearer: still.value, missing }
    return audit.as(actorOf(still.value), () => route.handle(call))
  }
  const result = await outcome(route, ledger, act)
  if (!result.ok) return answerFailure(context, result.failure)
  if (missing.length > 0) context.header(MISSING_NODES, missing.join(', '))
  return route.status === 204
    ? context.body(null, 204)
    : context.json(result.value as object, route.status)
}

function outcome(
  { asksNodes, method }: Route,
  ledger: ApiParts['services']['ledger'],
  act: () => Soon<Result<unknown>>,
): Soon<Result<unknown>> {
  if (method === 'GET') return act()
  // Nothing is done to clients while the audit trail cannot be written.
  if (asksNodes) return ledger.ready().then(act)
  return ledger.commit(() => {
    const done = act()
    if (done instanceof Promise) throw new Error('what is committed is decided in one turn')
    return done
  })
}

function actorOf({ token }: Bearer): Actor {
  return { kind: token.id === COMMAND_LINE ? 'command' : 'token', name: token.name }
}

const NO_BODY = ok(new Uint8Array())

const HALVES = 'the body holds half of a surrogate pair'

/** Whether the JSON contains half of a surrogate pair, which could not be stored unchanged. Only an escape can. */
function holdsHalves(text: string): boolean {
  if (!/\\u[dD][89a-fA-F]/.test(text)) return false
  let found = false
  JSON.parse(text, (name, value: unknown) => {
    found ||= !name.isWellFormed() || (typeof value === 'string' && !value.isWellFormed())
    return value
  })
  return found
}

/** Refuses invalid UTF-8 instead of replacing it. */
const utf8 = new TextDecoder('utf-8', { fatal: true })

function permitted(bearer: Result<Bearer>, scope: Scope | undefined): Result<Bearer> {
  if (!bearer.ok || scope === undefined || bearer.value.token.scopes.includes(scope)) return bearer
  return fail('forbidden', `the access token lacks the scope ${scope}`)
}

type Input =
  | { readonly ok: true; readonly value: Omit<Call<never, never, never>, 'bearer'> }
  | { readonly ok: false; readonly failure: Failure; readonly details: unknown }

function readInput(context: ApiContext, route: Route, bytes: Uint8Array): Input {
  let body: unknown
  if (route.body) {
    try {
      const text = utf8.decode(bytes)
      body = JSON.parse(text)
      if (holdsHalves(text))
        return { ok: false, failure: failure('invalid', HALVES), details: null }
    } catch {
      return {
        ok: false,
        failure: failure('invalid', 'the body is not valid JSON'),
        details: null,
      }
    }
  }
  const read = {
    path: route.params.safeParse(context.req.param()),
    query: route.query.safeParse(context.req.query()),
    body: route.body?.safeParse(body),
  }
  for (const [place, parsed] of Object.entries(read)) {
    if (!parsed || parsed.success) continue
    const issue = parsed.error.issues[0]!
    const where = [place, ...issue.path.map(String)].join('.')
    return {
      ok: false,
      failure: failure('invalid', `${where}: ${issue.message}`),
      details: detailsOf(place, parsed.error),
    }
  }
  const value = { path: read.path.data, query: read.query.data, body: read.body?.data }
  return { ok: true, value: value as Omit<Call<never, never, never>, 'bearer'> }
}

/** Error messages by field, the form that clients of Ably's Control API read. */
function detailsOf(place: string, error: z.ZodError): Record<string, string[]> {
  const details: Record<string, string[]> = {}
  for (const { path, message } of error.issues) {
    const where = [place, ...path.map(String)].join('.')
    details[where] = [...(details[where] ?? []), message]
  }
  return details
}

function answerUnmatched(context: ApiContext, routes: readonly Route[]): Response {
  const path = context.req.path.replace(/^(\/api)?\/v1/, '')
  const methods = routes
    .filter((route) => pattern(route.path).test(path))
    .map(({ method }) => method)
  if (methods.length === 0) return answerFailure(context, failure('not_found'))
  context.header('allow', [...new Set(methods)].join(', '))
  return answerFailure(context, failure('method_not_allowed'))
}

function pattern(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`)
}

/** Looking up a token is cheap, so a valid one is accepted however many wrong ones its address has sent. */
function answerStranger(context: ApiContext, why: Failure): Response {
  const isTold = !isBadCredential(why) || context.env.visit.failedAttempt()
  return answerFailure(context, isTold ? why : failure('attempt_rate'))
}

function answerFailure(context: ApiContext, why: Failure, details: unknown = null): Response {
  if (why.name === 'unauthorized') context.header('www-authenticate', 'Bearer')
  for (const [name, value] of Object.entries(refusalHeaders(why))) context.header(name, value)
  return context.json(errorBody(why, context.env.visit.base, details), why.status as 400)
}
