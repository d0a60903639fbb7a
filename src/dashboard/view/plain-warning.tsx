/** Warns where a password would travel in the clear. */
/** @jsxImportSource hono/jsx */
import { hostOf, isSecure } from '../cookies.ts'
import { usePage } from './page-context.ts'
import { Notice } from './parts.tsx'

/** Nothing where the way is encrypted, or leads no further than this machine. */
export function PlainWarning() {
  const page = usePage()
  const isHere = /^(localhost|127\.[\d.]+|\[::1\])(:\d+)?$/.test(hostOf(page))
  if (isHere || isSecure(page)) return <></>
  return (
    <Notice tone="warn">
      This page is not encrypted: others in the network could read your password.
    </Notice>
  )
}
