/** Revocations of tokens, in memory: asked on every request, fed by the directory of apps. */

export interface Revocation {
  readonly kind: 'clientId' | 'revocationKey' | 'channel'
  readonly value: string
  readonly issuedBefore: number
  readonly appliesAt: number
  readonly expiresAt: number
}

export class RevocationList {
  readonly #byApp = new Map<string, readonly Revocation[]>()

  /** Sets all revocations of an app. */
  replace(appId: string, revocations: readonly Revocation[]): void {
    if (revocations.length === 0) this.#byApp.delete(appId)
    else this.#byApp.set(appId, revocations)
  }
}
