namespace System.ComponentModel;

public sealed class EditorBrowsableAttribute : Attribute
{
    public EditorBrowsableAttribute() => throw null;
    public EditorBrowsableAttribute(EditorBrowsableState state) => throw null;
    public override bool Equals(object obj) => throw null;
    public EditorBrowsableState State { get => throw null; }
}

public enum EditorBrowsableState : int { Advanced = 2, Always = 0, Never = 1 }
