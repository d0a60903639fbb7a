/** The services of others by which people may sign in, as the settings name them. */
import type { Config } from '../config.ts'
import type { Clock } from '../core/clock.ts'
import { GithubProvider } from '../identity/providers/github.ts'
import { OidcProvider } from '../identity/providers/oidc.ts'
import type { Provider } from '../identity/providers/provider.ts'

export function signInProviders(config: Config, clock: Clock): Provider[] {
  const { oidcIssuer, oidcClientId, oidcClientSecret, oidcName } = config
  const { githubClientId, githubClientSecret, githubUrl } = config
  const providers: Provider[] = []
  if (oidcIssuer !== undefined && oidcClientId !== undefined) {
    const settings = { issuer: oidcIssuer, clientId: oidcClientId, name: oidcName }
    providers.push(new OidcProvider({ ...settings, clientSecret: oidcClientSecret }, clock))
  }
  if (githubClientId !== undefined && githubClientSecret !== undefined) {
    const settings = { url: githubUrl, clientId: githubClientId, clientSecret: githubClientSecret }
    providers.push(new GithubProvider(settings))
  }
  return providers
}
