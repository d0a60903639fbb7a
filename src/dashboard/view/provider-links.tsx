/** Links to the providers that people may sign in with, where the operator has set any up. */
/** @jsxImportSource hono/jsx */
import { usePage } from './page-context.ts'
import { PageLink } from './components.tsx'

/**
 * @param path such as `/sign-in`, below which each provider has an address
 * @param verb what the link does with the provider
 */
export function ProviderLinks({
  path,
  query = '',
  verb,
}: {
  path: string
  query?: string
  verb: string
}) {
  const { providers } = usePage().var.parts
  if (providers.length === 0) return <></>
  return (
    <div class="stack tight">
      {providers.map(({ id, name }) => (
        <PageLink class="button wide" path={`${path}/${id}${query}`}>
          {verb} {name}
        </PageLink>
      ))}
    </div>
  )
}
