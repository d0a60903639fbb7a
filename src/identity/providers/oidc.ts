/** Sign-in with an OpenID Connect provider: authorization code with PKCE, and an id token that is checked whole. */
import { type JWTPayload, createRemoteJWKSet, errors, jwtVerify } from 'jose'
import type { Clock } from '../../core/clock.ts'
import { type Result, fail, ok } from '../../failure.ts'
import { type JsonObject, askJson, textOf } from './ask.ts'
import { type Journey, type Provider, type ProviderIdentity, challengeOf } from './provider.ts'

export interface OidcSettings {
  /** Without a slash at the end. */
  readonly issuer: string
  readonly clientId: string
  /** Undefined for a public client. */
  readonly clientSecret: string | undefined
  readonly name: string
}

/** Where the provider does what (OpenID Connect Discovery 1.0, 3). */
interface Places {
  readonly issuer: string
  readonly authorize: string
  readonly token: string
  readonly keys: ReturnType<typeof createRemoteJWKSet>
  readonly takesBasic: boolean
}

/** Signatures only, of a kind whose key the provider alone has: a client secret must not be able to make one. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
]
const PLACES_KEPT_MS = 3_600_000
const CLOCK_TOLERANCE_SECONDS = 60

export class OidcProvider implements Provider {
  readonly id = 'oidc'
  readonly name: string
  readonly #settings: OidcSettings
  readonly #clock: Clock
  #places: { readonly value: Places; readonly until: number } | undefined

  constructor(settings: OidcSettings, clock: Clock) {
    this.name = settings.name
    this.#settings = settings
    this.#clock = clock
  }

  async start(journey: Journey, redirectUri: string): Promise<Result<string>> {
    const places = await this.#find()
    if (!places.ok) return places
    const url = new URL(places.value.authorize)
    const parameters = {
      response_type: 'code',
      client_id: this.#settings.clientId,
      redirect_uri: redirectUri,
      scope: 'openid email profile',
      state: journey.state,
      nonce: journey.nonce,
      code_challenge: challengeOf(journey),
      code_challenge_method: 'S256',
    }
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
    return ok(url.href)
  }

  async finish(
    code: string,
    journey: Journey,
    redirectUri: string,
  ): Promise<Result<ProviderIdentity>> {
    const places = await this.#find()
    if (!places.ok) return places
    const answer = await askJson(
      places.value.token,
      this.#exchange(places.value, code, journey, redirectUri),
    )
    if (!answer.ok) return answer
    const token = textOf(answer.value, 'id_token')
    if (token === undefined) return fail('provider_failed', 'the provider sent no id token')
    const claims = await this.#verify(token, places.value, journey)
    return claims.ok ? ok(identityOf(places.value.issuer, claims.value)) : claims
  }

  #exchange(places: Places, code: string, journey: Journey, redirectUri: string): RequestInit {
    const { clientId, clientSecret } = this.#settings
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      code_verifier: journey.verifier,
    })
    if (clientSecret !== undefined && places.takesBasic) {
      // Both halves are encoded as in a form first (RFC 6749, 2.3.1).
      const pair = [clientId, clientSecret].map(encodeURIComponent).join(':')
      return { method: 'POST', body, headers: { authorization: `Basic ${btoa(pair)}` } }
    }
    body.set('client_id', clientId)
    if (clientSecret !== undefined) body.set('client_secret', clientSecret)
    return { method: 'POST', body }
  }

  /** Signature, issuer, audience, time and nonce; nothing in it counts before all of them fit. */
  async #verify(token: string, places: Places, { nonce }: Journey): Promise<Result<JWTPayload>> {
    const { clientId } = this.#settings
    try {
      const { payload } = await jwtVerify(token, places.keys, {
        issuer: places.issuer,
        audience: clientId,
        algorithms: ALGORITHMS,
        requiredClaims: ['sub', 'exp', 'iat'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(this.#clock.now()),
      })
      const isForUs = payload['azp'] === undefined || payload['azp'] === clientId
      const isOurs = payload['nonce'] === nonce && isForUs && payload.sub !== ''
      return isOurs ? ok(payload) : fail('provider_failed', 'the id token is not for this sign-in')
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof TypeError)
        return fail('provider_failed', 'the id token of the provider does not count')
      throw error
    }
  }

  async #find(): Promise<Result<Places>> {
    const now = this.#clock.elapsed()
    if (this.#places && now < this.#places.until) return ok(this.#places.value)
    const { issuer } = this.#settings
    const found = await askJson(`${issuer}/.well-known/openid-configuration`)
    if (!found.ok) return found
    const value = placesOf(found.value, issuer)
    if (!value) return fail('provider_failed', `${issuer} describes itself as somebody else`)
    this.#places = { value, until: now + PLACES_KEPT_MS }
    return ok(value)
  }
}

/** The document must be about the issuer that was asked for, or one provider could speak for another. */
function placesOf(document: JsonObject, wanted: string): Places | undefined {
  const issuer = textOf(document, 'issuer')
  const authorize = textOf(document, 'authorization_endpoint')
  const token = textOf(document, 'token_endpoint')
  const keys = textOf(document, 'jwks_uri')
  if (issuer?.replace(/\/$/, '') !== wanted || !authorize || !token || !keys) return undefined
  if (![authorize, token, keys].every((url) => URL.canParse(url))) return undefined
  const methods = document['token_endpoint_auth_methods_supported']
  return {
    issuer,
    authorize,
    token,
    keys: createRemoteJWKSet(new URL(keys), { timeoutDuration: 10_000 }),
    // What a provider takes that does not say (Discovery 1.0, 3).
    takesBasic: !Array.isArray(methods) || methods.includes('client_secret_basic'),
  }
}

function identityOf(issuer: string, claims: JWTPayload): ProviderIdentity {
  const subject = claims.sub!
  const text = (name: string) => {
    const value = claims[name]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const email = text('email') ?? `${subject}@${new URL(issuer).hostname}`
  return { provider: `oidc ${issuer}`, subject, label: text('name') ?? email, email }
}
