/** Makes disposable apps on a server with a sandbox, as the suites of Ably's SDKs do before their tests. */

/** An app with a key of every kind, rules, and members that are present from the start. */
export const WISH = {
  limits: { presence: { maxMembers: 42 } },
  keys: [
    {},
    { capability: '{"room:*":["subscribe","publish"], "desk":["presence"]}' },
    { revocableTokens: true },
    { capability: '{ "[*]*": ["*"] }' },
  ],
  namespaces: [
    { id: 'kept', persisted: true },
    { id: 'phones', pushEnabled: true },
    { id: 'drafts', mutableMessages: true },
  ],
  channels: [
    {
      name: 'kept:crew',
      presence: [
        { clientId: 'ann', data: '{ "at": "the desk"}' },
        { clientId: 'bob', data: '{"at":"home"}', encoding: 'json' },
        { clientId: 'cyd' },
      ],
    },
  ],
}

export interface SandboxKey {
  readonly id: string
  readonly value: string
  readonly keyName: string
  readonly keySecret: string
  readonly keyStr: string
  readonly capability: string
  readonly revocableTokens: boolean
}

export interface SandboxAnswer {
  readonly accountId: string
  readonly appId: string
  readonly keys: readonly SandboxKey[]
  readonly namespaces: readonly { readonly id: string; readonly persisted: boolean }[]
  readonly endpoint: string
  readonly port: number
  readonly tls: boolean
}

export function postApp(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${url}/apps`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

export async function newSandboxApp(
  url: string,
  body: unknown = WISH,
  headers: Record<string, string> = {},
): Promise<SandboxAnswer> {
  const response = await postApp(url, body, headers)
  if (response.status !== 201) throw new Error(`no app: ${await response.text()}`)
  return (await response.json()) as SandboxAnswer
}

export function deleteApp(url: string, appId: string, authorization: string): Promise<Response> {
  return fetch(`${url}/apps/${appId}`, { method: 'DELETE', headers: { authorization } })
}

export function basic(key: string): string {
  return `Basic ${btoa(key)}`
}
