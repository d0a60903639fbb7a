/** Sign-in with GitHub, which has OAuth and no id tokens: who somebody is, it says to whoever asks with their token. */
import { type Result, fail, ok } from '../../failure.ts'
import { askJson, textOf } from './ask.ts'
import { type Journey, type Provider, type ProviderIdentity, challengeOf } from './provider.ts'

export interface GithubSettings {
  /** `https://github.com` or that of an Enterprise server. */
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
}

export class GithubProvider implements Provider {
  readonly id = 'github'
  readonly name = 'GitHub'
  readonly #settings: GithubSettings

  constructor(settings: GithubSettings) {
    this.#settings = settings
  }

  start(journey: Journey, redirectUri: string): Promise<Result<string>> {
    const url = new URL(`${this.#settings.url}/login/oauth/authorize`)
    const parameters = {
      client_id: this.#settings.clientId,
      redirect_uri: redirectUri,
      // Who somebody is can be read without any right.
      scope: '',
      state: journey.state,
      code_challenge: challengeOf(journey),
      code_challenge_method: 'S256',
      allow_signup: 'false',
    }
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
    return Promise.resolve(ok(url.href))
  }

  async finish(
    code: string,
    journey: Journey,
    redirectUri: string,
  ): Promise<Result<ProviderIdentity>> {
    const { url, clientId, clientSecret } = this.#settings
    const answer = await askJson(`${url}/login/oauth/access_token`, {
      method: 'POST',
      body: new URLSearchParams({
        client_id: clientId,
        client_secret: clientSecret,
        code,
        redirect_uri: redirectUri,
        code_verifier: journey.verifier,
      }),
    })
    if (!answer.ok) return answer
    // It says what went wrong with status 200.
    const token = textOf(answer.value, 'access_token')
    if (token === undefined) return fail('provider_failed', 'GitHub did not accept the code')
    const user = await askJson(`${this.#api()}/user`, {
      headers: { authorization: `Bearer ${token}` },
    })
    if (!user.ok) return user
    const { id } = user.value
    const login = textOf(user.value, 'login')
    if (typeof id !== 'number' || login === undefined)
      return fail('provider_failed', 'GitHub does not say who that is')
    const host = new URL(url).hostname
    // The id stays when a login is given up and somebody else takes it.
    const email = `${id}+${login}@users.noreply.${host}`
    return ok({ provider: `github ${url}`, subject: String(id), label: login, email })
  }

  /** GitHub itself has another host for it than an Enterprise server. */
  #api(): string {
    const { url } = this.#settings
    return url === 'https://github.com' ? 'https://api.github.com' : `${url}/api/v3`
  }
}
