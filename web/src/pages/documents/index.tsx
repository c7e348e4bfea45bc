// The page Documents: the list, or one of them.
import { useLocation } from 'preact-iso';
import { Document } from './document';
import './documents.css';
import { List } from './list';

export function Documents() {
  const { path } = useLocation();
  const id = /^\/ui\/documents\/([0-9a-f]{4,64})$/.exec(path)?.[1];
  return id ? <Document key={id} id={id} /> : <List />;
}
