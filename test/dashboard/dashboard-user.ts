/** Somebody at the dashboard without a browser: cookies, forms and their tokens, and nothing that scripts would do. */
import type { TestServer } from '../support/server.ts'

export const PASSWORD = 'correct horse battery'

export interface Seen {
  readonly status: number
  readonly text: string
  readonly headers: Headers
  /** Where a redirect leads, below `/dashboard`. */
  readonly location: string | undefined
}

type Fields = Readonly<Record<string, string | readonly string[]>>

interface Wish {
  readonly headers?: Readonly<Record<string, string>>
  /** Body that replaces the form. */
  readonly body?: string
}

export class DashboardUser {
  readonly #root: string
  readonly #origin: string
  readonly cookies = new Map<string, string>()
  #formToken = ''

  constructor(server: { readonly url: string }, basePath = '') {
    this.#origin = server.url
    this.#root = `${server.url}${basePath}/dashboard`
  }

  /** Claims the server, with the link that it prints. */
  static async owner(
    server: Pick<TestServer, 'url' | 'claimLink'>,
    email = 'ann@example.com',
  ): Promise<DashboardUser> {
    const visitor = new DashboardUser(server)
    const token = tokenIn(server.claimLink!)
    await visitor.post('/claim', { token, email, password: PASSWORD })
    return visitor.ready()
  }

  /** Invites somebody of a role, who accepts. */
  async invite(role: string, email: string): Promise<DashboardUser> {
    await this.post('/account/people/invite', { role, note: email })
    const { text } = await this.get('/account')
    const token = tokenIn(text)
    const guest = new DashboardUser({ url: this.#origin })
    await guest.post('/invite', { token, email, password: PASSWORD })
    return guest.ready()
  }

  /** Reads the token that forms must carry, from any page. */
  async ready(): Promise<this> {
    await this.get('/account')
    return this
  }

  async get(path: string): Promise<Seen> {
    const seen = await this.#fetch(path, {})
    this.#formToken = /name="form" value="([^"]+)"/.exec(seen.text)?.[1] ?? this.#formToken
    return seen
  }

  /** Posts like a form of our pages. Given headers win. */
  post(path: string, fields: Fields, { headers = {}, body }: Wish = {}): Promise<Seen> {
    const form = new URLSearchParams()
    if (this.#formToken !== '') form.append('form', this.#formToken)
    for (const [name, value] of Object.entries(fields)) {
      form.delete(name)
      for (const text of [value].flat()) form.append(name, text)
    }
    return this.#fetch(path, {
      method: 'POST',
      body: body ?? form.toString(),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        origin: this.#origin,
        'sec-fetch-site': 'same-origin',
        ...headers,
      },
    })
  }

  /** The Cookie header of every request. */
  get cookie(): string {
    return Array.from(this.cookies, ([name, value]) => `${name}=${value}`).join('; ')
  }

  signIn(email: string, password = PASSWORD, headers = {}): Promise<Seen> {
    return this.post('/sign-in', { email, password }, { headers })
  }

  /** Whether pages that need a session are shown. */
  async isIn(): Promise<boolean> {
    return (await this.get('/account')).status === 200
  }

  async #fetch(
    path: string,
    init: RequestInit & { headers?: Record<string, string> },
  ): Promise<Seen> {
    const { cookie } = this
    const response = await fetch(`${this.#root}${path}`, {
      ...init,
      redirect: 'manual',
      headers: { ...init.headers, ...(cookie !== '' && { cookie }) },
    })
    for (const line of response.headers.getSetCookie()) this.#keep(line)
    const location = response.headers.get('location') ?? undefined
    return {
      status: response.status,
      text: await response.text(),
      headers: response.headers,
      location: location?.replace(/^.*?\/dashboard/, ''),
    }
  }

  #keep(line: string): void {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!
    if (/max-age=0\b/i.test(line)) this.cookies.delete(name!)
    else this.cookies.set(name!, value!)
  }
}

/** The secret of the last one-time link in a text. */
export function tokenIn(text: string): string {
  const token = /token=([\w-]+)/.exec(text)?.[1]
  if (token === undefined) throw new Error('there is no link in that text')
  return token
}
