/** How many messages came since they were last looked at; nothing where none did. */
export function Unread({ count }: { count: number }) {
  if (count === 0) return null
  return (
    <>
      {' '}
      <span className="badge open">
        {count}
        <span className="hidden"> unread</span>
      </span>
    </>
  )
}
