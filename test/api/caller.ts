/** Calls the HTTP API of a real server and checks every answer against the OpenAPI document that it serves. */
import { expect } from 'bun:test'
import { z } from 'zod'
import { systemClock } from '../../src/core/clock.ts'
import { SCOPES, type Scope } from '../../src/service/accounts/access-tokens.ts'
import { openServices } from '../../src/service/services.ts'
import type { TestNodes } from '../support/engines/chosen.ts'
import { type TestServer, startTestServer } from '../support/server.ts'

export interface ErrorBody {
  readonly message: string
  readonly code: number
  readonly statusCode: number
  readonly reason: string
  readonly href: string
  readonly details: unknown
}

interface Content {
  readonly content?: { readonly 'application/json': { readonly schema: object } }
}
export interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly description?: string
  readonly parameters: readonly {
    readonly name: string
    readonly in: string
    readonly required: boolean
    readonly schema: object
  }[]
  readonly requestBody?: Content
  readonly responses: Readonly<Record<string, Content>>
}
export interface Document {
  readonly openapi: string
  readonly servers: readonly { readonly url: string }[]
  readonly security: readonly object[]
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

export interface Answer<T> {
  readonly status: number
  readonly body: T
  readonly headers: Headers
}

export interface Wish {
  readonly token?: string
  readonly body?: unknown
  /** Body that is sent unchanged instead of JSON. */
  readonly text?: string
}

export class Caller {
  readonly server: TestServer
  readonly owner: string
  readonly document: Document
  /** Every operation that was called, as `GET /me`. */
  readonly called = new Set<string>()

  private constructor(server: TestServer, owner: string, document: Document) {
    this.server = server
    this.owner = owner
    this.document = document
  }

  /** @param nodes what the server has to do with other nodes */
  static async start(flags: Record<string, string> = {}, nodes?: TestNodes): Promise<Caller> {
    const server = await startTestServer(
      { 'max-reservations': '0', ...flags },
      {},
      undefined,
      nodes,
    )
    const document = await (
      await fetch(`${server.url}${server.config.basePath}/v1/openapi.json`)
    ).json()
    return new Caller(server, tokenOf(server, 'owner'), document as Document)
  }

  /** A new token of an account, which is added if there is none of that name. */
  token(account: string, scopes: readonly Scope[] = SCOPES): string {
    return tokenOf(this.server, account, scopes)
  }

  async call<T = ErrorBody>(method: string, path: string, wish: Wish = {}): Promise<Answer<T>> {
    const { token = this.owner, body, text } = wish
    const sent = text ?? (body === undefined ? undefined : JSON.stringify(body))
    const response = await fetch(`${this.server.url}${this.server.config.basePath}/v1${path}`, {
      method,
      headers: token === '' ? {} : { authorization: `Bearer ${token}` },
      ...(sent !== undefined && { body: sent }),
    })
    const read = await response.text()
    const answer = read === '' ? undefined : (JSON.parse(read) as unknown)
    if (answer !== undefined) expect(response.headers.get('content-type')).toBe('application/json')
    this.#check(method, path, response.status, answer)
    return { status: response.status, body: answer as T, headers: response.headers }
  }

  #check(method: string, path: string, status: number, answer: unknown): void {
    const found = this.#operation(method, path)
    if (!found) return
    const { name, operation } = found
    this.called.add(`${method} ${name}`)
    const described = operation.responses[status] ?? operation.responses['default']!
    const schema = described.content?.['application/json'].schema
    if (schema === undefined) return expect(answer).toBeUndefined()
    const parsed = readerOf(schema, this.document).safeParse(answer)
    expect(parsed.error?.issues, `${method} ${path} ${status}`).toBeUndefined()
    if (status >= 400) expectError(status, answer as ErrorBody)
  }

  #operation(method: string, path: string): { name: string; operation: Operation } | undefined {
    const bare = path.split('?')[0]!
    const paths = Object.entries(this.document.paths)
    // A fixed path wins over one with a parameter.
    const sorted = paths.toSorted(([a], [b]) => Number(a.includes('{')) - Number(b.includes('{')))
    const match = sorted.find(([name]) =>
      new RegExp(`^${name.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(bare),
    )
    const operation = match?.[1][method.toLowerCase()]
    return operation && { name: match[0], operation }
  }
}

/** A schema of the document with its references resolved. */
export function readerOf(schema: object, { components }: Document): z.ZodType {
  const whole = { ...schema, $defs: components['schemas'] }
  const text = JSON.stringify(whole).replaceAll('"#/components/schemas/', '"#/$defs/')
  return z.fromJSONSchema(JSON.parse(text) as z.core.JSONSchema.JSONSchema)
}

/** The shape of every error, which SDKs of the Control API read. */
export function expectError(status: number, body: ErrorBody): void {
  expect(Object.keys(body).toSorted()).toEqual([
    'code',
    'details',
    'href',
    'message',
    'reason',
    'statusCode',
  ])
  expect(body.statusCode).toBe(status)
  expect(Math.floor(body.code / 100)).toBe(status)
}

function tokenOf(server: TestServer, name: string, scopes: readonly Scope[] = SCOPES): string {
  const services = openServices(server.config, systemClock, false)
  try {
    const known = services.accounts.find(name)
    const account = known.ok ? known : services.accounts.add(name)
    if (!account.ok) throw new Error(account.failure.message)
    const wish = { name: 'test', scopes, lifetime: undefined }
    return services.accessTokens.add(account.value, wish).secret
  } finally {
    services.close()
  }
}
