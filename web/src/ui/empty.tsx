// A page with nothing in it yet: what would be here, one action, and the command that does the same.
import type { ComponentChildren } from 'preact';
import { ShowCommand } from './command';
import { Icon, type IconName } from './icons';

interface Props {
  icon: IconName;
  title: string;
  why: string;
  command: string;
  children?: ComponentChildren; // the one action
}

export function EmptyState({ icon, title, why, command, children }: Props) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <h2>{title}</h2>
      <p>{why}</p>
      {children}
      <ShowCommand line={command} />
    </div>
  );
}
