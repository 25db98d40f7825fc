"""The MCP door: the service for assistants, over stdio and streamable HTTP. See docs/mcp.md."""
