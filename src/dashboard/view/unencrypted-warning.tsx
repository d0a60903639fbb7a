/** Warns where a password would travel in the clear. */
/** @jsxImportSource hono/jsx */
import { hostOf, isSecure } from '../request.ts'
import { usePage } from './page-context.ts'
import { Notice } from './components.tsx'

/** Empty where the connection is encrypted, or goes no further than this machine. */
export function PlainWarning() {
  const page = usePage()
  const { visit } = page.env
  const isHere = /^(localhost|127\.[\d.]+|\[::1\])(:\d+)?$/.test(hostOf(visit))
  if (isHere || isSecure(visit, page.var.parts.publicUrl)) return <></>
  return (
    <Notice tone="warn">
      This page is not encrypted: others in the network could read your password.
    </Notice>
  )
}
