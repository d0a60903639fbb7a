/** The seam to a provider of sign-ins: where somebody is sent, and who they are when they come back. */
import { createHash, randomBytes } from 'node:crypto'
import type { Result } from '../../failure.ts'

/** Who somebody is with a provider, by a subject that never changes hands as addresses do. */
export interface ProviderIdentity {
  /** Names the provider and, where there may be several, which. */
  readonly provider: string
  readonly subject: string
  /** For people to recognise. */
  readonly label: string
  /** An address to be called by; nobody has proven that it is theirs. */
  readonly email: string
}

/** What is remembered of a sign-in until the browser comes back from the provider. */
export interface Journey {
  readonly state: string
  readonly nonce: string
  /** Proves that whoever brings the code back is who was sent (PKCE, RFC 7636). */
  readonly verifier: string
}

export interface Provider {
  /** Part of addresses. */
  readonly id: 'oidc' | 'github'
  /** What the button says. */
  readonly name: string
  /** Where to send somebody. */
  start(journey: Journey, redirectUri: string): Promise<Result<string>>
  /** Who came back with this code. */
  finish(code: string, journey: Journey, redirectUri: string): Promise<Result<ProviderIdentity>>
}

export function newJourney(): Journey {
  const text = () => randomBytes(32).toString('base64url')
  return { state: text(), nonce: text(), verifier: text() }
}

/** The challenge that is sent for a verifier. */
export function challengeOf({ verifier }: Journey): string {
  return createHash('sha256').update(verifier).digest('base64url')
}
